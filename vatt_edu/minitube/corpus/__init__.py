"""The folder on disk.

A corpus is made video by video (`build`, `workers`) in a folder that knows its recipe (`folder`, `index_files`), laid
out again as public sets are (`layouts`, `layout_media`), and narrated again (`renarrate`).
"""
