"""The page for people: what is built from `web/`, and how it is served."""
