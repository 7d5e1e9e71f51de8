{ fetchMirror }:

fetchMirror {
  name = "words-1.0.txt";
  urls = [ "mirror://tree/words-1.0.txt" ];
  sha256 = "0wbfrbx4n3f34mqh8ikkw23whh70vqcnmij64kq7qkir4gxmi6wi";
  meta.description = "A text for tests to chew on";
}
