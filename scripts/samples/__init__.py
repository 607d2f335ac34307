"""The sample batch's drawn pictures, and the script that lays all of them into the repository."""
