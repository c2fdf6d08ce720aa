"""OGB data sets: reading, downloading, training and reporting in the form of its leaderboards."""
