"""Who acts for whom, what a patient consented to, whom to call, and who pays: lists that hang on a patient's record."""
