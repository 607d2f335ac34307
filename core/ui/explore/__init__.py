"""The Explore page: the contact sheet with its charts, a module for each tab, one picture large."""
