"""Domain adaptation: learn where labels are, work in related domains where they are not."""
