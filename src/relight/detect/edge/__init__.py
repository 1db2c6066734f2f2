"""What customers' pages report: counted, compared with what is usual, and judged."""
