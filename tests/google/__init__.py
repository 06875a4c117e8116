"""A stand-in for the Sheets v4, Drive v3 and OAuth token services of Google, held in memory, over real HTTP."""
