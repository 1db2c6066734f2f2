"""The public site as bytes: HTML, style, feed and JSON, the same for the web and for publishers."""
