"""What a venue built is judged here before it is signed: decoded, held against the order, and simulated."""
