"""What a notebook shows and understands: magics, frames, views, progress and completion.

`extension` puts them into a shell. Nothing heavy (pandas, matplotlib, ipywidgets) is imported before it is needed.
"""
