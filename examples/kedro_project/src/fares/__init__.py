"""A small project of Kedro's, which is recorded without a word of it in the project."""
