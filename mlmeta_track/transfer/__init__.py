"""Parts of a store taken out of it, and put into another one."""
