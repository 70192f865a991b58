"""The command line's words, a file for each noun. What they do is asked of the venue: see `cambist.operations`."""
