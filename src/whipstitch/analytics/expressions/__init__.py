"""What reports are made of: filters, breakdowns, properties, time ranges, as SQL expressions."""
