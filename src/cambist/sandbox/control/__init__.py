"""The sandbox's control API: one module for each noun, each with the operations on it and who carries them out."""
