"""What it sounds like: contacts ring (`synthesis`), and a microphone hears them in a room, amid noise (`recording`)."""
