"""Examines what only an operator can fix: name service, Amazon SES, the site's own addresses. Each module of `checks`
is one examination; none is listed anywhere.
"""
