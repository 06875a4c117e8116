"""What becomes of a review: the columns beside the rows, the decisions in them, and what is learnt from those."""
