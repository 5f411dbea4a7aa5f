"""The lab: momentum in the browser, every number from the library.

It needs the extra `lab` (`pip install 'inertial[lab]'`) to serve; links are made
without it.
"""

from inertial.lab.state import State, decode, encode, from_url, url

__all__ = ["State", "decode", "encode", "from_url", "url"]
