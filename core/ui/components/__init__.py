"""What several pages share: the batch header, the strip of pictures, the view in the URL."""
