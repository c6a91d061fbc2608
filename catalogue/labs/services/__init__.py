"""What labs need of each AWS service: one module per service, found by its file (see `model.LabService`)."""
