"""What a build tells and gives back: events, errors, the result and where it goes."""
