"""What happens: a stage with a floor (`stage`), three actions by formula (`motions`), all eight of them (`actions`)."""
