"""What does a page cost, beside the least that Django can do with the same rows?"""
