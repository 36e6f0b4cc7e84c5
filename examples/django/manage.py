#!/usr/bin/env python3
"""Runs Django's own commands for this program."""
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notes.settings")
execute_from_command_line(sys.argv)
