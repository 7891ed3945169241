"""The room for taking equipment and access abroad."""
