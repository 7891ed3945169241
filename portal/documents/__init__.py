"""What leaves the portal as a file: marked, with nothing in it that runs."""

from portal.documents.spreadsheets import TooManyRows, csv_file, xlsx_file

__all__ = ["TooManyRows", "csv_file", "xlsx_file"]
