"""PAGE: who is on call, who is called when, and what the page says."""
