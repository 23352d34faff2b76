#include "zk/password.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace {

zk::PasswordNonce nonce(std::size_t vector_size) {
  zk::PasswordNonce nonce;
  for (int i = 0; i < 256; ++i) nonce.salt.push_back(static_cast<std::uint8_t>(i * 7));
  for (std::size_t i = 0; i < vector_size; ++i)
    nonce.initialization_vector.push_back(static_cast<std::uint8_t>(i));
  return nonce;
}

// Made with Python's hashlib.pbkdf2_hmac and `openssl enc`, that is by none of our code: PBKDF2
// with HMAC-SHA-512 over the salt 00 07 0e …, 4096 rounds, 128 bits; AES-CBC with the vector 00 01
// … 0f.
constexpr std::string_view kEncryptedElsewhere = "GXXT7ydIqTa0qSylzQXxf87H8atef6DLeAohvr5B6u0=";

// What Kafka 3.9.1's EncryptingPasswordEncoder made of one password, with four algorithms.
constexpr std::string_view kEncodedByKafka[] = {
    "initializationVector:C33Q3cUJJqOPZTPu66G8vA==,keyLength:128,salt:4+xDZ4rf9CDDngoSEYukUya"
    "iLAIJnFVzT78gky1qQejT8yyyItUiuUYJvz9A4IScLup5biHj0A2qWZNJ8sT2yq6b0vLXy0X/53P7nyfpnoNtYgR"
    "GeyTsNlfTxndzoWBEsIFTwYxOzOX564QFkSz7FMYoL7yliIkWJYIyA0p9Avo9WNZUoFyqeb+7SqSU1AcQ+uz11Mb"
    "ZMKMqTVXZSGF48BxNWHhnnInJnZVlRpJ8Stmj+08aD1sy/FAi9ubYx0sxk78yyKRYZcw7t4Q4d9TGVsqylWb/GAe"
    "fAA/V2bp+ZfdZ8RaJn9ExnbS6LCc6Cko7/VAykMPsYhhABFvcnmYY/Q==,keyFactoryAlgorithm:PBKDF2With"
    "HmacSHA512,cipherAlgorithm:AES/CBC/PKCS5Padding,iterations:4096,passwordLength:15,encryp"
    "tedPassword:vJp04y+vCyhTCrws8mIEjoN9tbWygP/O+mE7epvjFLg=",
    "initializationVector:hKH6s+AotzYgJo97,keyLength:256,salt:4cXcHG/wxZpSNq9EakYKziJtmzYcetl"
    "AgKR+RvvpDFV7uVjRobZVtYU4k+eow6y6PFhO5P4DGO6Dg0ebDIjel601g1mogEXRLkUUqXDHgtMnnliJqFmwHOc"
    "8nDKGB082S/xSCSo4/Njlg3faq/CKUB2e0jL+hjguiLu01NSwkV5cKvLqETz8qfSDh/q9Y3XA41Bb0DI1hkS/9Lr"
    "iQpSV7rdoY7oh/1Aut755G1zKYs6/0gljecER18mteNVcaznEt9Giuvbgr6bUgt6nll4FWKjmqy8gFmH8S0ePSCl"
    "0f/ib+Nvrr22moN3zTMb2PukfkcaW1VVc6fV07v5J/8I/rQ==,keyFactoryAlgorithm:PBKDF2WithHmacSHA2"
    "56,cipherAlgorithm:AES/GCM/NoPadding,authenticationTagLength:128,iterations:4096,passwor"
    "dLength:15,encryptedPassword:dcMgRx0Y1o5hxeEKEN80iPBAJ0g/V26kF44dGSnzWnI=",
    "initializationVector:bUZ7//4Jr8xQbnIYujclSQ==,keyLength:128,salt:292ukBIcbR/5pMnOqk1oQRM"
    "o339eBexDupJgNdMhjF91kjzndIOQEKDKnKYPrnYVAiKuIHqa0SRxvLHrbj24AIejI5olPGW3uFySnBDk6k8W7rA"
    "Idd27zp4M6BcLOUEo9X2GKLS/ObwM/sn7jSgHY42lmcLq2uG5+WdsZnksx+itqPep2HuJk+KUmTSfJo422qALIfM"
    "GTuzqipH4d3IlsjR1AGBHvs6xYbE4vmWxvnUZF6fjIszsbTpRvev9niESovccYy3oql1QK1O+GHquY8zNBpE0WFi"
    "6kzfosDTx09Qt+2XVkI2m+p/k234AWB4PjWnKl52k+3dUj5n+qtKXIA==,keyFactoryAlgorithm:PBKDF2With"
    "HmacSHA1,cipherAlgorithm:AES/CFB/PKCS5Padding,iterations:4096,passwordLength:15,encrypte"
    "dPassword:HXENKMwVFk1m57eQ5fEBW4FSjfFA+ErO2YwURKp6Trs=",
    "initializationVector:PSorwQPO4II=,keyLength:192,salt:KEaqF8K8ZRG7/LfoETNhRwU5bKwRn+DJ2cK"
    "Mqsafq+i+x/32k9q4OV3ID5FV4E/Vutk41z8EdK+nRqvHDQNVsT1Sh4/omnmYJ85p01/VYc+ySZ8m9OFnuHdbgLo"
    "h8o68p6u3cgAw5wFWTRVCmz1M92SDbkdnJxx+1BwkRsHhs0ZIt5Ai1SHxhMYAvyzk93bfdHSOxqEMwwhcIg+55rZ"
    "3ZpGjjZw1WUFPN21rD6h5Zan7jqB5VAQBrX/eI3Ffl+6wuqlCh0fZhr6Airn/+3Tzcs25MCeWt/z6vgNhycnBapA"
    "ozPjcVsTfXOT2sDmi0WHsNWHAGbLGIbbzfsShB4ly5w==,keyFactoryAlgorithm:PBKDF2WithHmacSHA512,c"
    "ipherAlgorithm:DESede/CBC/PKCS5Padding,iterations:4096,passwordLength:15,encryptedPasswo"
    "rd:yT+3Xf2BudutqzCs4rh/sCMndLrklDJZ"};

TEST(Passwords, ThatKafkaEncodedAreDecoded) {
  for (const std::string_view encoded : kEncodedByKafka) {
    EXPECT_TRUE(zk::looks_encoded(encoded));
    EXPECT_EQ(zk::decode_password(encoded, "encoder-secret"), "s3cret-pässword")
        << encoded.substr(0, 80);
    EXPECT_FALSE(zk::decode_password(encoded, "another-secret"));
  }
}

std::string keys_of(std::string_view encoded) {
  std::string keys;
  while (!encoded.empty()) {
    keys += std::string(encoded.substr(0, encoded.find(':'))) + ' ';
    const std::size_t comma = encoded.find(',');
    encoded = comma == std::string_view::npos ? std::string_view() : encoded.substr(comma + 1);
  }
  return keys;
}

TEST(Passwords, HaveTheirKeysInTheOrderOfJavasHashMap) {
  const zk::PasswordEncoding gcm{"PBKDF2WithHmacSHA256", "AES/GCM/NoPadding", 256, 10};
  EXPECT_EQ(keys_of(zk::encode_password("a", "b", {}, nonce(16)).value()),
            keys_of(kEncodedByKafka[0]));
  EXPECT_EQ(keys_of(zk::encode_password("a", "b", gcm, nonce(12)).value()),
            keys_of(kEncodedByKafka[1]));
}

TEST(Passwords, OfTheDefaultAlgorithmsAreDecodedAsOthersEncodeThem) {
  const auto encoded = zk::encode_password("s3cret-pässword", "encoder-secret", {}, nonce(16));
  ASSERT_TRUE(encoded) << encoded.error();
  EXPECT_NE(encoded->find("encryptedPassword:" + std::string(kEncryptedElsewhere)),
            std::string::npos)
      << *encoded;
  EXPECT_NE(encoded->find("passwordLength:15"), std::string::npos) << "characters, not bytes";
  EXPECT_TRUE(zk::looks_encoded(*encoded));
  EXPECT_EQ(zk::decode_password(*encoded, "encoder-secret"), "s3cret-pässword");
}

TEST(Passwords, AreNotDecodedWithAnotherSecret) {
  const auto encoded = zk::encode_password("password", "right", {}, nonce(16));
  ASSERT_TRUE(encoded);
  EXPECT_FALSE(zk::decode_password(*encoded, "wrong"));
}

TEST(Passwords, ThatAreNoEncodedPasswordsAreSaidToBeNone) {
  EXPECT_FALSE(zk::decode_password("plain", "secret"));
  EXPECT_FALSE(zk::decode_password("a:b,c:d", "secret"));
  EXPECT_FALSE(zk::looks_encoded("plain"));
  EXPECT_FALSE(zk::decode_password("", "secret"));
}

TEST(Passwords, OfImpossibleEffortAreRefused) {
  auto encoded = *zk::encode_password("password", "secret", {}, nonce(16));
  const auto at = encoded.find("iterations:4096");
  ASSERT_NE(at, std::string::npos);
  encoded.replace(at, 15, "iterations:2000000000");
  EXPECT_FALSE(zk::decode_password(encoded, "secret"));
}

TEST(PasswordConfigs, AreKnownWithAndWithoutTheirListener) {
  EXPECT_TRUE(zk::is_password_config("ssl.keystore.password"));
  EXPECT_TRUE(zk::is_password_config("listener.name.external.ssl.key.password"));
  EXPECT_TRUE(zk::is_password_config("listener.name.ext.plain.sasl.jaas.config"));
  EXPECT_TRUE(zk::is_password_config("ssl.truststore.certificates"));
  EXPECT_FALSE(zk::is_password_config("ssl.keystore.location"));
  EXPECT_FALSE(zk::is_password_config("retention.ms"));
}

struct Algorithm {
  zk::PasswordEncoding encoding;
  std::size_t vector_size;
};

RC_GTEST_PROP(Passwords, ComeBackFromEveryAlgorithmThatKafkaCanBeToldToUse,
              (const std::string& raw)) {
  const auto algorithm =
      *rc::gen::element(Algorithm{{"PBKDF2WithHmacSHA512", "AES/CBC/PKCS5Padding", 128, 10}, 16},
                        Algorithm{{"PBKDF2WithHmacSHA1", "AES/CBC/PKCS5Padding", 256, 10}, 16},
                        Algorithm{{"PBKDF2WithHmacSHA256", "AES/CFB/PKCS5Padding", 128, 10}, 16},
                        Algorithm{{"PBKDF2WithHmacSHA256", "AES/OFB/NoPadding", 192, 10}, 16},
                        Algorithm{{"PBKDF2WithHmacSHA384", "AES/GCM/NoPadding", 256, 10}, 12},
                        Algorithm{{"PBKDF2WithHmacSHA512", "DESede/CBC/PKCS5Padding", 192, 10}, 8});
  std::string password;
  for (const char c : raw) password += static_cast<char>(c & 0x7f);
  const auto encoded =
      zk::encode_password(password, "secret", algorithm.encoding, nonce(algorithm.vector_size));
  RC_ASSERT(encoded.has_value());
  RC_ASSERT(zk::decode_password(*encoded, "secret").value() == password);
}

}  // namespace
