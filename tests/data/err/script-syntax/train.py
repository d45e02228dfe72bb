import os

def train(:
    pass
