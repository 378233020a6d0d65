"""Views: objects that show something of an image, open to a click where a kernel and a widget manager are there.

A view knows its domain object and answers a page's questions about it; `layers_html` and the like draw its static twin,
`widget` carries the questions, and the scripts in ``static/`` draw what moves. None of the four knows the others' work.
"""
