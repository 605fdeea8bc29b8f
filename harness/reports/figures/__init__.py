"""What the figures of the page show, as positions in a drawing; the templates only draw it.

Drawn when the report is rendered, as inline SVG: the page then needs no library, reads and prints
without JavaScript, passes its Content-Security-Policy (no style attribute, no request), and two
runs that found the same hold the same bytes. Each mark is a link to the samples it stands for.
"""
