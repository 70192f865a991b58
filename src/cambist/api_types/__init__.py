"""What the native API's requests and replies are made of: the one source of its parsing, its rendering, its documents and its client.

Decimal numbers are texts, exact, in fixed notation. Times are µs since 1970, ids are texts. A field that does not apply is null.
"""
