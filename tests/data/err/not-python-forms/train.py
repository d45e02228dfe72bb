{
 "cells": [
  {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": ["print(1)"]}
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
