import os
from network import layers
from network.layers import dense

import settings

print(os.sep, layers, dense, settings.EPOCHS)
