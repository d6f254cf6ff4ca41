import os
from pelicanconf import *
SITEURL = 'https://slow.example.org'
