"""The tables of Sutskever, Martens, Dahl and Hinton (2013), made again."""
