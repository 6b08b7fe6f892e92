"""Can perturbations and verdicts be trusted? Adherence, detection, false alarms, and what an idle perturbation costs."""
