"""The playground and the live notebooks: pages that run Python in the browser, with Pyodide.

`python -m notebooks.site` builds them. `playground.py` and `cells.py` run in the browser, and in the tests; the scripts
only show what they return.
"""
