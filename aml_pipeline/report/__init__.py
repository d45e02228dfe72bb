"""Run records → pages and what a terminal shows of them. Knows nothing of running.

``reading`` is the one part that reads the disk; from there on a run is plain data (``story``), and nothing of it is
trusted. ``run_page`` and ``comparison_page`` make pages of it, ``comparison`` what a terminal shows of two runs.
"""
