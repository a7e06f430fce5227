"""Access logs of web servers: lines about requests become events of customers.

This room within ``sources`` owns the common and combined formats of Apache and nginx, and what the pages of a shop
mean. It refuses logs that were written in a format of a shop's own.
"""
