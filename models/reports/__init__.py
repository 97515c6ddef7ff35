"""Evaluations as one HTML file each: figures in words, plots as inline SVG, nothing fetched."""
