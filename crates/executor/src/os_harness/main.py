"""Starts the test harness in an interpreter of its own."""

import sys

sys.path[:] = [place for place in sys.path if place != "/harness"] + ["/harness"]

import ec_main

ec_main.finish(*ec_main.begin((3, 4)))
