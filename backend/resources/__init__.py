"""What a kind is: how it is decoded, which columns it has, how healthy an object is, how it is described."""
