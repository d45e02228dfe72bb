from . import shapes

dense = shapes.SIZE
