"""Cards of customers: found, read with their history, changed, merged; and the worklist of missed calls."""
