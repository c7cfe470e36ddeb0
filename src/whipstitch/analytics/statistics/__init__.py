"""What numbers of people allow to conclude: tests, intervals, probabilities. All pure."""
