"""The edge to spreadsheets: read the rows of an area, and put them into another order without losing one."""
