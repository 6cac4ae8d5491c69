"""The playground and the live notebooks: pages that run Python in the browser, with Pyodide.

    python -m notebooks.playground.build site --pyodide node_modules/pyodide

writes the playground to a folder that any web server can serve. `playground.py` and `cells.py` run in the browser, and
in the tests; the scripts only show what they return.
"""
