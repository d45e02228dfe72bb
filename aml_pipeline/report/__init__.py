"""Run records → HTML pages and text for a terminal. Knows nothing about executing steps.

Only ``reading`` reads the disk; from there on a run is plain, untrusted data (``story``). ``run_page`` and
``comparison_page`` render pages from it, ``comparison`` the rows that a terminal shows of two runs.
"""
