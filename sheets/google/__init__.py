"""The Google Sheets back-end; its clients, gspread and google-auth, are imported nowhere else."""

from sheets.google.worksheet import GoogleWorksheet

__all__ = ["GoogleWorksheet"]
