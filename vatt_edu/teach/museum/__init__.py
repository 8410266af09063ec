"""The failure museum: wrong versions that run, each with its symptom and the test that catches it."""
